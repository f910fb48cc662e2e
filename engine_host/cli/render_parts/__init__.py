"""What ``anacrusis render`` is made of."""
