/** A worker of a cluster that has nothing to do, until it is told to end. */
process.once('SIGTERM', () => process.exit());
