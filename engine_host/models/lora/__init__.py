"""LoRAs: small additions to a model's linear layers, kept apart so that each slot has its own strength."""
