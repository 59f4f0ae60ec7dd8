"""What happens to an item at each step of its way, over the ports and the imaging."""
