"""ACE-Step 1.5 on the classes of diffusers."""
