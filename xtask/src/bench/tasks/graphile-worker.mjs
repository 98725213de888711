// graphile-worker as its documentation starts it: each worker gets one job at a time, notified of new ones.

import { EventEmitter } from "node:events";
import { Logger, makeWorkerUtils, run } from "graphile-worker";

const logger = new Logger(() => () => {});

export async function start(connectionString, concurrency, work, done) {
  const events = new EventEmitter();
  events.on("job:complete", done);
  const runner = await run({ connectionString, concurrency, logger, events, noHandleSignals: true, taskList: { bench: work } });
  const utils = await makeWorkerUtils({ connectionString, logger });
  return {
    enqueue: (count) =>
      utils.withPgClient((client) =>
        client.query("SELECT graphile_worker.add_job('bench', '{}'::json) FROM generate_series(1, $1::int)", [count]),
      ),
    stop: async () => {
      await runner.stop();
      await utils.release();
    },
  };
}
