//! What is to be done in given situations, action by action.

mod pool;
mod dispatch;
mod supervision;
mod starts;
mod ladder;
