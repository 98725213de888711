/** From 0, guessed at once, to 4, not to be guessed. The server asks for 3 at least, by the same method, perhaps with other words. */
export type Strength = 0 | 1 | 2 | 3 | 4;

type Estimator = (password: string, about: string[]) => Strength;

let loading: Promise<Estimator> | undefined;

/** How hard a password is to guess for somebody who knows what it is `about`. The lists of words come when they are first needed. */
export async function estimateStrength(password: string, about: string[]): Promise<Strength> {
  loading ??= load();
  return (await loading)(password, about);
}

async function load(): Promise<Estimator> {
  const [{ ZxcvbnFactory }, { adjacencyGraphs, dictionary: common }, { dictionary: english }] = await Promise.all([
    import("@zxcvbn-ts/core"),
    import("@zxcvbn-ts/language-common"),
    import("@zxcvbn-ts/language-en"),
  ]);
  const estimator = new ZxcvbnFactory({ dictionary: { ...common, ...english }, graphs: adjacencyGraphs });
  return (password, about) => estimator.check(password, about).score;
}
