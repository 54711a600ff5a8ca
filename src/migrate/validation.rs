//! The rules that the data must satisfy, the score and the decision.
