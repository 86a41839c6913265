// Loaded before Azurite. Its standard input is a pipe from the process that started it: when that ends, however it
// ends, Azurite writes what it still holds in memory, closes, and ends too.
process.stdin.resume();
process.stdin.on('end', () => process.emit('SIGINT'));
