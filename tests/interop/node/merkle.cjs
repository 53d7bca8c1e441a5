// Verifies proofs by the text of RFC 9162, 2.1.3.2 and 2.1.4.2, over SHA-256. Reads a JSON list of cases, prints a list of booleans.
const { createHash } = require("node:crypto");
const H = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
const node = (left, right) => H(Buffer.from([1]), left, right);
const hex = (value) => Buffer.from(value, "hex");

function inclusion({ leaf, index, size, proof, root }) {
  let fn = BigInt(index), sn = BigInt(size) - 1n, r = H(Buffer.from([0]), hex(leaf));
  if (fn > sn) return false;                                   // 1
  for (const p of proof.map(hex)) {                            // 3
    if (sn === 0n) return false;                               // 4.a
    if ((fn & 1n) === 1n || fn === sn) {                       // 4.b
      r = node(p, r);
      if ((fn & 1n) === 0n) do { fn >>= 1n; sn >>= 1n; } while ((fn & 1n) === 0n && fn !== 0n);
    } else r = node(r, p);                                     // 4.c
    fn >>= 1n; sn >>= 1n;                                      // 4.d
  }
  return sn === 0n && r.equals(hex(root));                     // 5
}

function consistency({ first, second, proof, firstRoot, secondRoot }) {
  if (first === second) return proof.length === 0 && firstRoot === secondRoot;
  const path = proof.map(hex);
  if (path.length === 0) return false;                         // 1
  if ((first & (first - 1)) === 0) path.unshift(hex(firstRoot)); // 2
  let fn = BigInt(first) - 1n, sn = BigInt(second) - 1n;       // 3
  while ((fn & 1n) === 1n) { fn >>= 1n; sn >>= 1n; }           // 4
  let fr = path[0], sr = path[0];                              // 5
  for (const c of path.slice(1)) {                             // 6
    if (sn === 0n) return false;
    if ((fn & 1n) === 1n || fn === sn) {
      fr = node(c, fr); sr = node(c, sr);
      if ((fn & 1n) === 0n) while ((fn & 1n) === 0n && fn !== 0n) { fn >>= 1n; sn >>= 1n; }
    } else sr = node(sr, c);
    fn >>= 1n; sn >>= 1n;
  }
  return fr.equals(hex(firstRoot)) && sr.equals(hex(secondRoot)) && sn === 0n; // 7
}

let text = "";
process.stdin.on("data", (part) => (text += part));
process.stdin.on("end", () => {
  const answers = JSON.parse(text).map((job) => (job.kind === "inclusion" ? inclusion(job) : consistency(job)));
  console.log(JSON.stringify(answers));
});
