//! The use cases on ports in memory: whole business transactions, with everything that can go wrong.

#[cfg(test)]
mod books;
#[cfg(test)]
mod happy;
#[cfg(test)]
mod budgets;
#[cfg(test)]
mod sagas;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod world;
