"""From scenes or images with labels to folders of triplets: PNG chips, anchors, conversations."""
