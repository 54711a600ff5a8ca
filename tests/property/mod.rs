//! Laws, tried on generated values.

mod lens;
