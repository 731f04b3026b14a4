//! Placeholder text replaced by the module's own documentation.
