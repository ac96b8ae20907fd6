//! `kill -9` of everything, at any time.
