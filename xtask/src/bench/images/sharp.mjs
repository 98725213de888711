// sharp on the jobs of `cargo xtask bench images`: a round for every line of input, as many at once as the jobs say; and, for
// `quality`, how like a reference each file is.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import sharp from "sharp";

const [what, jobsFile] = process.argv.slice(2);
const { jobs, parallel } = JSON.parse(await readFile(jobsFile, "utf8"));
sharp.cache(false);
sharp.concurrency(1);

const encoders = {
  jpeg: (image, quality) => image.jpeg({ quality }),
  webp: (image, quality) => image.webp({ quality }),
  avif: (image, quality) => image.avif({ quality }),
};

async function make({ photo, width, format, quality, name }, folder) {
  const image = sharp(photo, { failOn: "error" }).autoOrient().resize({ width, withoutEnlargement: true });
  await encoders[format](image, quality).toFile(`${folder}/${name}`);
}

async function round(folder, format) {
  const waiting = jobs.filter((job) => job.format === format);
  const begun = performance.now();
  const work = async () => {
    for (let job = waiting.shift(); job; job = waiting.shift()) await make(job, folder);
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return (performance.now() - begun) / 1000;
}

// Structural similarity of luminance, in windows of 8 by 8 (Wang et al. 2004), averaged.
function ssim(one, other, width, height) {
  const [c1, c2, side] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2, 8];
  let [sum, count] = [0, 0];
  for (let top = 0; top + side <= height; top += side) {
    for (let left = 0; left + side <= width; left += side) {
      let [a, b, aa, bb, ab] = [0, 0, 0, 0, 0];
      for (let y = top; y < top + side; y++) {
        for (let x = left; x < left + side; x++) {
          const [p, q] = [one[y * width + x], other[y * width + x]];
          a += p; b += q; aa += p * p; bb += q * q; ab += p * q;
        }
      }
      const n = side * side;
      const [ma, mb] = [a / n, b / n];
      const [va, vb, cov] = [aa / n - ma * ma, bb / n - mb * mb, ab / n - ma * mb];
      sum += ((2 * ma * mb + c1) * (2 * cov + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
      count++;
    }
  }
  return sum / count;
}

const grey = async (image) => image.toColourspace("b-w").removeAlpha().raw().toBuffer({ resolveWithObject: true });

async function quality(folder) {
  const found = {};
  for (const { photo, width, format, name } of jobs) {
    const made = await grey(sharp(`${folder}/${name}`));
    const { width: w, height: h } = made.info;
    const wanted = await grey(sharp(photo).autoOrient().resize({ width: w, height: h, fit: "fill" }));
    if (w > width) throw new Error(`${name} is ${w} pixels wide`);
    const figures = (found[format] ??= { ssim: [], bytes: 0 });
    figures.ssim.push(ssim(made.data, wanted.data, w, h));
    figures.bytes += (await readFile(`${folder}/${name}`)).length;
  }
  for (const figures of Object.values(found)) {
    figures.ssim = figures.ssim.reduce((sum, one) => sum + one, 0) / figures.ssim.length;
  }
  return found;
}

if (what === "quality") {
  const report = {};
  for (const folder of process.argv.slice(4)) report[folder] = await quality(folder);
  console.log(JSON.stringify(report));
} else {
  console.log(JSON.stringify({ version: sharp.versions.sharp, vips: sharp.versions.vips }));
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify({ seconds: await round(process.argv[4], line.trim()) }));
  }
}
