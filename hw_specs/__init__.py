"""Hardware: the `.hw` language, the chips written in it, and their graphs."""
