"""What the augmentation service knows: its domain, its imaging, its steps and its commands."""
