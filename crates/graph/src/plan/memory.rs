//! Memory on cache lines of its own.
#![allow(unsafe_code, reason = "reads lines of sixteen values as values")]

/// Values on cache lines of their own.
#[derive(Debug, Default, Clone)]
pub(super) struct Memory(Vec<Line>);

#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

impl Memory {
    pub(super) fn new(len: usize) -> Self {
        let mut memory = Self::default();
        memory.reserve(len);
        memory
    }

    pub(super) fn reserve(&mut self, len: usize) {
        let lines = len.div_ceil(16);
        if self.0.len() < lines {
            self.0.resize(lines, Line([0.0; 16]));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len() * 16
    }

    pub(super) fn pointer(&mut self) -> *mut f32 {
        self.0.as_mut_ptr().cast()
    }

    pub(super) fn slice(&self) -> &[f32] {
        // SAFETY: a line is sixteen `f32` without padding.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), self.len()) }
    }

    pub(super) fn slice_mut(&mut self) -> &mut [f32] {
        // SAFETY: likewise.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), self.len()) }
    }
}
