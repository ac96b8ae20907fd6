//! What goes wrong in a night.
