"""What is made from the schema and the registry: reference pages."""
