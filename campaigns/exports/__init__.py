"""Lists as files: asked for in the console, written by a worker a page at a time, fetched by who asked."""
