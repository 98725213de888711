// pg-boss without its pauses: while there is work, each worker fetches the next job as soon as it has completed one, which is
// the most that its interface allows. An idle worker looks every half second, which is the shortest that it allows.

import PgBoss from "pg-boss";

const QUEUE = "bench";

export async function start(connectionString, workers, work, done) {
  const boss = new PgBoss({ connectionString, supervise: false, schedule: false });
  boss.on("error", (error) => console.error(error.message));
  await boss.start();
  await boss.createQueue(QUEUE);
  await boss.purgeQueue(QUEUE);
  let eager = true;
  const loop = async () => {
    while (eager) {
      const [job] = await boss.fetch(QUEUE);
      if (job === undefined) {
        await new Promise((pause) => setTimeout(pause, 1));
        continue;
      }
      await work();
      await boss.complete(QUEUE, job.id);
      done();
    }
  };
  const loops = Array.from({ length: workers }, loop);
  return {
    enqueue: (count) => boss.insert(Array.from({ length: count }, () => ({ name: QUEUE }))),
    idle: async () => {
      eager = false;
      await Promise.all(loops);
      for (let number = 0; number < workers; number += 1) {
        await boss.work(QUEUE, { pollingIntervalSeconds: 0.5 }, async () => {
          await work();
          done();
        });
      }
    },
    stop: () => boss.stop({ graceful: false, wait: false }),
  };
}
