//! The whole catalogue, checksums and sequences before a run, and what a run made of them.
