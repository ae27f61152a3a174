//! Generics: const parameters and expressions, bounds of every sort, associated types that are generic themselves.

use std::any::Any;
use std::collections::HashMap;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::ops::{Add, ControlFlow, Deref, Index, Mul};
use std::rc::Rc;

use traced::testing::capture;
use traced::traced;

#[traced(attrs(rows = R, columns = C))]
fn transposed<T: Copy + Default, const R: usize, const C: usize>(matrix: [[T; C]; R]) -> [[T; R]; C] {
    let mut result = [[T::default(); R]; C];
    for (i, row) in matrix.iter().enumerate() {
        for (j, value) in row.iter().enumerate() {
            result[j][i] = *value;
        }
    }
    result
}

#[traced]
fn chunks<const N: usize>(bytes: &[u8]) -> Option<&[u8; 2 * size_of::<u16>()]>
where
    [u8; N]: Sized,
{
    bytes.first_chunk()
}

struct Matrix<const R: usize, const C: usize>([[i64; C]; R]);

impl<const R: usize, const N: usize, const C: usize> Mul<&Matrix<N, C>> for &Matrix<R, N> {
    type Output = Matrix<R, C>;

    #[traced(ret(|product| attrs(cells = product.0.len() * C)))]
    fn mul(self, other: &Matrix<N, C>) -> Self::Output {
        let mut product = [[0; C]; R];
        for (i, row) in product.iter_mut().enumerate() {
            for (j, cell) in row.iter_mut().enumerate() {
                *cell = (0..N).map(|k| self.0[i][k] * other.0[k][j]).sum();
            }
        }
        Matrix(product)
    }
}

impl<const R: usize, const C: usize> Index<(usize, usize)> for Matrix<R, C> {
    type Output = i64;

    #[traced]
    fn index(&self, (row, column): (usize, usize)) -> &i64 {
        &self.0[row][column]
    }
}

#[traced]
fn sum<I>(items: I) -> Option<<I as IntoIterator>::Item>
where
    I: IntoIterator,
    I::Item: Add<Output = I::Item> + Copy,
{
    let mut items = items.into_iter();
    let first = items.next()?;
    Some(items.fold(first, |a, b| a + b))
}

#[traced]
fn grouped<K, V, F>(items: impl IntoIterator<Item = V>, mut key: F) -> HashMap<K, Vec<V>>
where
    K: Eq + Hash,
    F: FnMut(&V) -> K,
{
    let mut groups = HashMap::<K, Vec<V>>::new();
    for item in items {
        groups.entry(key(&item)).or_default().push(item);
    }
    groups
}

#[traced]
fn fallible<T, E>(attempts: usize, mut operation: impl FnMut(usize) -> Result<T, E>) -> Result<T, Vec<E>>
where
    E: Debug,
{
    let mut errors = vec![];
    for attempt in 0..attempts {
        match operation(attempt) {
            Ok(value) => return Ok(value),
            Err(error) => errors.push(error),
        }
    }
    Err(errors)
}

#[traced]
fn unsized_everywhere<T: ?Sized + ToOwned, U>(value: &T, other: &U) -> (Rc<U::Target>, T::Owned)
where
    U: Deref + ?Sized,
    for<'a> Rc<U::Target>: From<&'a U::Target>,
{
    (Rc::from(&**other), value.to_owned())
}

#[traced]
fn downcast<T: Any + Clone>(value: &(dyn Any + Send)) -> Option<T> {
    value.downcast_ref::<T>().cloned()
}

#[traced]
fn control_flow(items: &[i64]) -> ControlFlow<i64, ()> {
    for item in items {
        if *item < 0 {
            return ControlFlow::Break(*item);
        }
    }
    ControlFlow::Continue(())
}

trait Lending {
    type Item<'a>
    where
        Self: 'a;
    fn lend(&mut self) -> Option<Self::Item<'_>>;
}

struct Windows<'s, const N: usize> {
    items: &'s mut [i64],
    at: usize,
}

impl<const N: usize> Lending for Windows<'_, N> {
    type Item<'a>
        = &'a mut [i64; N]
    where
        Self: 'a;

    #[traced]
    fn lend(&mut self) -> Option<Self::Item<'_>> {
        let at = self.at;
        self.at += 1;
        self.items.get_mut(at..)?.first_chunk_mut()
    }
}

/// The type of the return value is known from its use alone.
#[traced]
fn inferred<T: std::str::FromStr>(text: &str) -> Result<T, T::Err> {
    text.parse()
}

#[traced]
fn collected<C: FromIterator<i64>>(n: i64) -> C {
    (0..n).collect()
}

#[traced]
fn shown(value: impl Display + Clone, times: u8) -> String
where
    String: Extend<char>,
{
    (0..times).map(|_| value.clone().to_string()).collect()
}

#[test]
fn generics() {
    let (_, spans) = capture(|| {
        assert_eq!(transposed([[1, 2, 3]]), [[1], [2], [3]]);
        assert_eq!(chunks::<1>(b"abcdef"), Some(b"abcd"));
        let product = &Matrix([[1, 2]]) * &Matrix([[3], [4]]);
        assert_eq!(product[(0, 0)], 11);
        assert_eq!(sum([1, 2, 3]), Some(6));
        assert_eq!(grouped(1..=4, |n| n % 2)[&0], [2, 4]);
        assert_eq!(fallible(2, |n| if n == 1 { Ok(n) } else { Err("zero") }), Ok(1));
        assert_eq!(fallible::<(), _>(1, |_| Err("always")), Err(vec!["always"]));
        assert_eq!(unsized_everywhere("a", &String::from("b")), ("b".into(), "a".to_owned()));
        assert_eq!(downcast::<i64>(&1_i64), Some(1));
        assert_eq!(control_flow(&[1, -1]), ControlFlow::Break(-1));
        let mut windows = Windows::<2> { items: &mut [1, 2, 3], at: 0 };
        while let Some([a, b]) = windows.lend() {
            *b += *a;
        }
        assert_eq!(windows.items, [1, 3, 6]);
        assert_eq!(inferred::<i64>("7"), Ok(7));
        let numbers: Vec<i64> = collected(2);
        assert_eq!(numbers, [0, 1]);
        assert_eq!(shown('x', 2), "xx");
    });
    assert_eq!(spans.named("transposed").attribute("columns"), Some(&3.into()));
    assert_eq!(spans.named("mul").attribute("cells"), Some(&1.into()));
    assert_eq!(spans.iter().filter(|span| span.attribute("error.type").is_some()).count(), 1);
}
