"""File formats: report rows as streams of bytes. Where the bytes go is `delivery`'s business."""
