"""Triplets of SAR image, anchors and conversations: their format, where they come from, how they are split."""
