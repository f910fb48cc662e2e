"""What Bitwig Studio runs: a controller script in ES5, an extension in Java, and how the script gets there."""
