"""Lesson plans that several people write together: the room, what it keeps, and what hangs on a plan."""
