"""The layers of the presets, one plugin each; their order is the table's (see `presets`)."""
