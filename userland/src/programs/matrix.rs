//! `matrix`: processes multiply two matrices together, in memory that they share.

use alloc::format;
use alloc::vec::Vec;

use abi::{Errno, MapFlags, PAGE_SIZE, Protection};

use super::participants::Participants;
use crate::libc::{Manual, PLAIN, complain, counted, parse_number, perror, quote};
use crate::{Args, Sys, println};

static MANUAL: Manual = Manual {
    name: "matrix",
    usage: "[N] [WORKERS]",
    about: "Multiply two N x N matrices (8 by default, 100 at most) by WORKERS processes (3 by\n\
            default, 20 at most), and compare with what one process computes alone.\n\
            \n\
            The matrices lie in shared pages. Each worker takes the next row that nobody has taken, by\n\
            one atomic addition, and stores what it computes where all can see it: nothing is sent.",
    misuse: 2,
    ..PLAIN
};

/// What each product of two numbers takes in virtual time: so much that the timer makes the workers take turns.
const PRODUCT_US: u64 = 100;

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let given = match MANUAL.parse(sys, args.rest()).await {
        Ok(given) => given,
        Err(status) => return status,
    };
    if let Some(extra) = given.operands.get(2) {
        return MANUAL.misuse(sys, format_args!("extra operand {}", quote(extra))).await;
    }
    let mut numbers = [8, 3];
    for ((number, most), text) in numbers.iter_mut().zip([100, 20]).zip(&given.operands) {
        match parse_number(text) {
            Some(value) if (1..=most).contains(&value) => *number = value,
            _ => return MANUAL.misuse(sys, format_args!("invalid number {}, not 1 to {most}", quote(text))).await,
        }
    }
    match multiply(sys, numbers[0] as usize, numbers[1] as usize).await {
        Ok(right) => (!right).into(),
        Err(errno) => {
            perror(sys, MANUAL.name, "cannot multiply", errno).await;
            1
        }
    }
}

/// Where everything lies in the shared pages.
#[derive(Clone, Copy)]
struct Shared {
    sys: Sys,
    base: u64,
    size: usize,
}

/// The first word: which row is to be taken next. Behind it, for each worker, how many it has taken. Then the matrices.
const NEXT_ROW: u64 = 0;
const TAKEN: u64 = 8;
const MATRICES: u64 = 256;

/// The matrices, by their place.
const A: u64 = 0;
const B: u64 = 1;
const PRODUCT: u64 = 2;

impl Shared {
    async fn map(sys: Sys, size: usize) -> Result<Shared, Errno> {
        let bytes = MATRICES as usize + 3 * size * size * 8;
        let protection = Protection::PROT_READ | Protection::PROT_WRITE;
        let flags = MapFlags::MAP_SHARED | MapFlags::MAP_ANONYMOUS;
        let base = sys.mmap(0, bytes.next_multiple_of(PAGE_SIZE), protection, flags).await?;
        Ok(Shared { sys, base, size })
    }

    fn row_address(self, matrix: u64, row: usize) -> u64 {
        self.base + MATRICES + (matrix * (self.size * self.size) as u64 + (row * self.size) as u64) * 8
    }

    async fn load_row(self, matrix: u64, row: usize) -> Vec<i64> {
        let mut bytes = alloc::vec![0; self.size * 8];
        self.sys.load_bytes(self.row_address(matrix, row), &mut bytes).await;
        bytes.as_chunks().0.iter().map(|word| i64::from_le_bytes(*word)).collect()
    }

    async fn store_row(self, matrix: u64, row: usize, numbers: &[i64]) {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.sys.store_bytes(self.row_address(matrix, row), &bytes).await;
    }

    /// Takes a row that nobody has taken; `None` if all are.
    async fn take_row(self) -> Option<usize> {
        let row = self.sys.fetch_add::<u64>(self.base + NEXT_ROW, 1).await as usize;
        (row < self.size).then_some(row)
    }
}

/// Multiplies both ways; whether they agree.
async fn multiply(sys: Sys, size: usize, workers: usize) -> Result<bool, Errno> {
    let shared = Shared::map(sys, size).await?;
    let [left, right] = [matrix(size, 3), matrix(size, 7)];
    for (matrix, rows) in [(A, &left), (B, &right)] {
        for (row, numbers) in rows.iter().enumerate() {
            shared.store_row(matrix, row, numbers).await;
        }
    }
    let mut team = Participants::new(sys, MANUAL.name);
    for worker in 0..workers as u64 {
        let taken = shared.base + TAKEN + worker * 8;
        team.add(format!("worker {worker}"), async |_| work(shared, taken).await).await?;
    }
    if !team.finish().await? {
        return Ok(false);
    }
    for worker in 0..workers as u64 {
        let taken: u64 = sys.load(shared.base + TAKEN + worker * 8).await;
        println!(sys, "worker {worker} computed {taken} of {}", counted(size as u64, "row")).await;
    }
    let mut trace = 0;
    for (row, numbers) in left.iter().enumerate() {
        let product = shared.load_row(PRODUCT, row).await;
        if product != row_of_product(numbers, &right) {
            complain(sys, MANUAL.name, format_args!("row {row} isn't what one process computes")).await;
            return Ok(false);
        }
        trace += product[row];
    }
    println!(sys, "the product is what one process computes; the sum of its diagonal is {trace}").await;
    Ok(true)
}

/// Computes rows until there are no more.
async fn work(shared: Shared, taken: u64) -> Result<(), Errno> {
    while let Some(row) = shared.take_row().await {
        let left = shared.load_row(A, row).await;
        let mut right = Vec::with_capacity(shared.size);
        for row in 0..shared.size {
            right.push(shared.load_row(B, row).await);
        }
        shared.sys.compute(PRODUCT_US * (shared.size * shared.size) as u64).await;
        shared.store_row(PRODUCT, row, &row_of_product(&left, &right)).await;
        // Nobody else stores there, so that this needn't be atomic.
        let before: u64 = shared.sys.load(taken).await;
        shared.sys.store(taken, before + 1).await;
    }
    Ok(())
}

/// A row of a product, from that row of the one factor and all of the other.
fn row_of_product(left: &[i64], right: &[Vec<i64>]) -> Vec<i64> {
    (0..left.len()).map(|column| left.iter().zip(right).map(|(factor, row)| factor * row[column]).sum()).collect()
}

/// A matrix of small numbers, another one for each `step`.
fn matrix(size: usize, step: usize) -> Vec<Vec<i64>> {
    let number = |index: usize| (index * step % 19) as i64 - 9;
    (0..size).map(|row| (0..size).map(|column| number(row * size + column + step)).collect()).collect()
}
