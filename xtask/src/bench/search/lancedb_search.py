"""The same vectors and queries in LanceDB, an embedded vector store, with an index and its own filter by organization.

lancedb_search.py FOLDER: reads data.json and vectors.f32, which `memoreel-benches search` wrote, and prints one JSON object
for each organization that is searched.
"""

import json
import sys
import time
from pathlib import Path

import lancedb
import numpy as np
import pyarrow as pa

K = 10
RUNS = 3
RUN_SECONDS_MAX = 8
QUERIES_MIN = 20
ROWS_PER_BATCH = 50_000


def open_table(folder, data):
    """The table with its indexes, made if it is not there."""
    database = lancedb.connect(folder / "lancedb")
    if (folder / "lancedb.complete").exists():
        return database.open_table("chunks")
    dimensions = data["dimensions"]
    vectors = np.fromfile(folder / "vectors.f32", dtype="<f4").reshape(-1, dimensions)
    organizations = np.array(data["organizations"], dtype=np.int32)
    schema = pa.schema([("id", pa.int64()), ("organization", pa.int32()), ("vector", pa.list_(pa.float32(), dimensions))])

    def batches():
        for start in range(0, len(vectors), ROWS_PER_BATCH):
            part = vectors[start : start + ROWS_PER_BATCH]
            flat = pa.FixedSizeListArray.from_arrays(pa.array(part.reshape(-1)), dimensions)
            ids = pa.array(np.arange(start, start + len(part)))
            yield pa.RecordBatch.from_arrays([ids, pa.array(organizations[start : start + len(part)]), flat], schema=schema)

    table = database.create_table("chunks", data=batches(), schema=schema, mode="overwrite")
    table.create_index(metric="cosine", vector_column_name="vector", index_type="IVF_HNSW_SQ")
    table.create_scalar_index("organization", index_type="BITMAP")
    (folder / "lancedb.complete").touch()
    return table


def percentiles(taken):
    """Nearest rank, in milliseconds."""
    ordered = sorted(taken)
    rank = lambda percent: ordered[max(-(-len(ordered) * percent // 100), 1) - 1] * 1000
    return {"p50_ms": rank(50), "p95_ms": rank(95), "p99_ms": rank(99)}


def measure(table, data, organization):
    """One organization: all queries, several times, as long as there is time."""
    right = wanted = 0
    rows, runs = [], []
    for _ in range(RUNS):
        begun, taken = time.perf_counter(), []
        for query, nearest in zip(data["queries"], data["nearest"][organization]):
            if len(taken) >= QUERIES_MIN and time.perf_counter() - begun > RUN_SECONDS_MAX:
                break
            asked = time.perf_counter()
            search = table.search(np.array(query["vector"], dtype=np.float32), vector_column_name="vector").metric("cosine")
            found = search.where(f"organization = {organization}", prefilter=True).limit(K).select(["id"]).to_list()
            taken.append(time.perf_counter() - asked)
            rows.append(len(found))
            right += len({row["id"] for row in found} & set(nearest))
            wanted += len(nearest)
        runs.append(percentiles(taken))
    median = {name: sorted(run[name] for run in runs)[RUNS // 2] for name in runs[0]}
    return {
        "recall_at_10": right / wanted,
        "rows_min": min(rows),
        "rows_mean": sum(rows) / len(rows),
        "queries": len(rows) // RUNS,
        **median,
    }


def main():
    folder = Path(sys.argv[1])
    data = json.loads((folder / "data.json").read_text())
    table = open_table(folder, data)
    for organization in range(len(data["nearest"])):
        print(json.dumps(measure(table, data, organization)), flush=True)


main()
