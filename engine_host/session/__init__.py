"""What clients have said, checked once and kept."""
