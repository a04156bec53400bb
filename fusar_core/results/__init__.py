"""What is published of an interpretation: fields, features, files, pictures."""
