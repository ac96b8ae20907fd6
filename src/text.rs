//! Strings for people.
