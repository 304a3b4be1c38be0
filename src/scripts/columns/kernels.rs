//! Loops over lanes: plain ones over slices of one length, so that the compiler makes vectors of
//! them.

/// What a loop reads of each lane.
#[derive(Clone, Copy)]
pub(super) enum Lanes<'a, T> {
    Column(&'a [T]),
    Same(T),
}

#[inline(always)]
pub(super) fn each<T: Copy, U>(to: &mut [U], a: &[T], make: impl Fn(T) -> U) {
    for (to, a) in to.iter_mut().zip(a) {
        *to = make(*a);
    }
}

#[inline(always)]
pub(super) fn pair<T: Copy, U>(to: &mut [U], a: Lanes<T>, b: Lanes<T>, make: impl Fn(T, T) -> U) {
    match (a, b) {
        (Lanes::Column(a), Lanes::Column(b)) => {
            for ((to, a), b) in to.iter_mut().zip(a).zip(b) {
                *to = make(*a, *b);
            }
        }
        (Lanes::Column(a), Lanes::Same(b)) => each(to, a, |a| make(a, b)),
        (Lanes::Same(a), Lanes::Column(b)) => each(to, b, |b| make(a, b)),
        (Lanes::Same(a), Lanes::Same(b)) => to.iter_mut().for_each(|to| *to = make(a, b)),
    }
}

/// Makes each value anew of itself and another.
#[inline(always)]
pub(super) fn fold<T: Copy>(to: &mut [T], other: Lanes<T>, make: impl Fn(T, T) -> T) {
    match other {
        Lanes::Column(other) => to.iter_mut().zip(other).for_each(|(to, other)| *to = make(*to, *other)),
        Lanes::Same(other) => to.iter_mut().for_each(|to| *to = make(*to, other)),
    }
}

/// Takes `a` where `by` holds, else `b`.
#[inline(always)]
pub(super) fn pick<T: Copy>(to: &mut [T], by: &[bool], a: Lanes<T>, b: Lanes<T>) {
    let one = |by: bool, a: T, b: T| if by { a } else { b };
    let lanes = to.iter_mut().zip(by);
    match (a, b) {
        (Lanes::Column(a), Lanes::Column(b)) => {
            lanes.zip(a).zip(b).for_each(|(((to, by), a), b)| *to = one(*by, *a, *b));
        }
        (Lanes::Column(a), Lanes::Same(b)) => lanes.zip(a).for_each(|((to, by), a)| *to = one(*by, *a, b)),
        (Lanes::Same(a), Lanes::Column(b)) => lanes.zip(b).for_each(|((to, by), b)| *to = one(*by, a, *b)),
        (Lanes::Same(a), Lanes::Same(b)) => lanes.for_each(|(to, by)| *to = one(*by, a, b)),
    }
}
