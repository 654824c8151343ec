"""The live stream: one reader of the feed for each process, and any number of listeners without a thread each."""
