"""What ``anacrusis bench`` is made of where an engine meets a client."""
