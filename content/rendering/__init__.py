"""From what an editor wrote to what anybody sees: validation, HTML, and blocks for the mini-program."""
