// The matrix: folds its groups, ticks whole ones, moves with the arrow keys, and sends only what changed.
