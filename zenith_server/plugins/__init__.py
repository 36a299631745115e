"""The features that come with the server, each on the interface that strangers use."""
