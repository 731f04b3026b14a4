//! Build an expression graph once, differentiate it symbolically, compile it, run it many times.
