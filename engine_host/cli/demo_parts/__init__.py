"""What ``anacrusis demo`` is made of."""
