// One measurement of another queue, as `memoreel-benches tasks` does it with ours: tasks that wait, all enqueued in one
// transaction while the worker idles, and then one task at a time.
//
// measure.mjs <graphile-worker|pg-boss> <database address> <workers> <work in ms> <tasks> <pickups>

import * as graphileWorker from "./graphile-worker.mjs";
import * as pgBoss from "./pg-boss.mjs";

const [name, address, workers, workMs, tasks, pickups] = process.argv.slice(2);
const queue = { "graphile-worker": graphileWorker, "pg-boss": pgBoss }[name];
const news = { begun: 0n, doneCount: 0, wake: () => {} };

async function work() {
  news.begun = process.hrtime.bigint();
  if (Number(workMs) > 0) await new Promise((done) => setTimeout(done, Number(workMs)));
}

function done() {
  news.doneCount += 1;
  news.wake();
}

async function untilDone(count) {
  while (news.doneCount < count) await new Promise((wake) => (news.wake = wake));
}

function percentiles(taken) {
  const sorted = taken.toSorted((one, other) => one - other);
  const percentile = (percent) => sorted[Math.max(Math.ceil((sorted.length * percent) / 100), 1) - 1] ?? 0;
  return { p50_ms: percentile(50), p95_ms: percentile(95), p99_ms: percentile(99) };
}

const running = await queue.start(address, Number(workers), work, done);
await running.enqueue(Number(tasks));
const started = process.hrtime.bigint();
await untilDone(Number(tasks));
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
await running.idle?.();
const taken = [];
for (let number = 1; number <= Number(pickups); number += 1) {
  await new Promise((pause) => setTimeout(pause, 5));
  await running.enqueue(1);
  const committed = process.hrtime.bigint();
  await untilDone(Number(tasks) + number);
  taken.push(Math.max(Number(news.begun - committed) / 1e6, 0));
}
await running.stop();
console.log(JSON.stringify({ tasks_per_second: Number(tasks) / seconds, pickup: percentiles(taken) }));
process.exit(0);
