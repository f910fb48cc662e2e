"""The musical part: what to render next, what to send next."""
