import "./traffic.css";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ChartColumn } from "lucide-react";
import { Fragment } from "react";
import {
  exportQuery,
  ROUTE_ORDERS,
  routesQuery,
  TRAFFIC_RANGES,
  trafficQuery,
  type TrafficRange,
} from "../../../api/analytics";
import type { Traffic } from "../../../api/types";
import { Choice } from "../../../components/Choice";
import { Empty } from "../../../components/Empty";
import { Figure, Figures } from "../../../components/Figures";
import { Problem } from "../../../components/Problem";
import { Scrolled } from "../../../components/Scrolled";
import { formatBytes, formatDate, formatDateTime, formatDuration, formatNumber } from "../../../lib/format";
import { useTitle } from "../../../lib/hooks";
import { strings } from "../../../strings";
import { ExportMenu } from "../ExportMenu";
import { Plot } from "./Plot";
import { StorageSection } from "./Storage";

const RANGES = Object.keys(TRAFFIC_RANGES) as TrafficRange[];
const DAY_MS = 24 * 3_600_000;

/** What is asked of the server, how long it takes, and what it keeps. */
export function TrafficPage() {
  useTitle(strings.traffic.title);
  const search = useSearch({ from: "/app/settings/traffic" });
  const { range = "day" } = search;
  const navigate = useNavigate();
  return (
    <>
      <section className="settings__section">
        <div className="settings__head">
          <div>
            <h2>{strings.traffic.title}</h2>
            <p className="soft">{strings.traffic.lead}</p>
          </div>
          <ExportMenu
            label={strings.traffic.export}
            formats={{ csv: strings.traffic.exportCsv, jsonl: strings.traffic.exportJsonl }}
            path="/analytics/export"
            query={(format) => exportQuery(range, format)}
            name="requests"
          />
        </div>
        <Choice
          label={strings.traffic.range}
          value={range}
          options={RANGES}
          nameOf={(known) => strings.traffic.ranges[known]}
          onChoose={(chosen) =>
            void navigate({
              to: "/settings/traffic",
              search: { ...search, range: chosen === "day" ? undefined : chosen },
              replace: true,
            })
          }
        />
        <Requests range={range} />
      </section>
      <Routes range={range} />
      <StorageSection />
    </>
  );
}

function Requests({ range }: { range: TrafficRange }) {
  const traffic = useQuery(trafficQuery(range));
  if (traffic.isPending) return <div className="skeleton" style={{ height: 800 }} />;
  if (!traffic.data) return <Problem error={traffic.error} onRetry={() => void traffic.refetch()} />;
  return (
    <div className="traffic__requests stale" aria-busy={traffic.isPlaceholderData}>
      <Numbers points={traffic.data.points} />
    </div>
  );
}

function Numbers({ points }: Pick<Traffic, "points">) {
  const requests = sum(points, "requests");
  if (requests === 0) return <Empty icon={ChartColumn} title={strings.traffic.none} text={strings.traffic.noneText} />;
  // What is shown may still be of the span before.
  const byDay = points.length > 1 && Date.parse(points[1]?.at ?? "") - Date.parse(points[0]?.at ?? "") >= DAY_MS;
  const times = points.map(({ at }) => (byDay ? formatDate(at) : formatDateTime(at)));
  const refusals = sum(points, "refusals");
  const errors = sum(points, "errors");
  return (
    <>
      <Figures label={strings.traffic.totals}>
        <Figure name={strings.traffic.requests} value={formatNumber(requests)} />
        <Figure name={strings.traffic.refusals} value={formatNumber(refusals)} />
        <Figure name={strings.traffic.errors} value={formatNumber(errors)} />
        <Figure name={strings.traffic.sent} value={formatBytes(sum(points, "bytes_out"))} />
        <Figure name={strings.traffic.media} value={formatBytes(sum(points, "media_bytes_out"))} />
        <Figure name={strings.traffic.received} value={formatBytes(sum(points, "bytes_in"))} />
      </Figures>
      <Plot
        title={strings.traffic.requestsPlot}
        times={times}
        format={formatNumber}
        series={[
          {
            name: strings.traffic.requests,
            look: "usual",
            values: points.map((point) => point.requests - point.refusals - point.errors),
          },
          { name: strings.traffic.refusals, look: "refused", values: points.map((point) => point.refusals) },
          { name: strings.traffic.errors, look: "bad", values: points.map((point) => point.errors) },
        ]}
      />
      <Plot
        title={strings.traffic.bytesPlot}
        times={times}
        format={formatBytes}
        series={[
          { name: strings.traffic.media, look: "usual", values: points.map((point) => point.media_bytes_out) },
          {
            name: strings.traffic.sentOther,
            look: "refused",
            values: points.map((point) => point.bytes_out - point.media_bytes_out),
          },
        ]}
      />
      <Plot
        title={strings.traffic.receivedPlot}
        times={times}
        format={formatBytes}
        series={[{ name: strings.traffic.received, look: "usual", values: points.map((point) => point.bytes_in) }]}
      />
    </>
  );
}

function Routes({ range }: { range: TrafficRange }) {
  const search = useSearch({ from: "/app/settings/traffic" });
  const { sort = "slowest" } = search;
  const navigate = useNavigate();
  const routes = useQuery(routesQuery(range, sort));
  return (
    <section className="settings__section" aria-label={strings.traffic.routes}>
      <div>
        <h2>{strings.traffic.routes}</h2>
        <p className="soft">{strings.traffic.routesLead}</p>
      </div>
      <Choice
        label={strings.traffic.sort}
        value={sort}
        options={ROUTE_ORDERS}
        nameOf={(known) => strings.traffic.sorts[known]}
        onChoose={(chosen) =>
          void navigate({
            to: "/settings/traffic",
            search: { ...search, sort: chosen === "slowest" ? undefined : chosen },
            replace: true,
          })
        }
      />
      {routes.isPending ? (
        <div className="skeleton" style={{ height: 200 }} />
      ) : !routes.data ? (
        <Problem error={routes.error} onRetry={() => void routes.refetch()} />
      ) : (
        <div className="stale" aria-busy={routes.isPlaceholderData}>
          {routes.data.items.length === 0 ? (
            <p className="faint">{strings.traffic.none}</p>
          ) : (
            <Scrolled label={strings.traffic.routesTable} className="table-scroll">
              <table className="table table--numbers">
                <thead>
                  <tr>
                    <th scope="col">{strings.traffic.route}</th>
                    <th scope="col">{strings.traffic.requests}</th>
                    <th scope="col">{strings.traffic.half}</th>
                    <th scope="col">{strings.traffic.most}</th>
                    <th scope="col">{strings.traffic.errorRate}</th>
                    <th scope="col">{strings.traffic.sent}</th>
                  </tr>
                </thead>
                <tbody>
                  {routes.data.items.map((one) => (
                    <tr key={`${one.method} ${one.route}`}>
                      <th scope="row">
                        {one.route === "unmatched" ? (
                          strings.traffic.pagesBy(one.method)
                        ) : (
                          <code>
                            {one.method} <Route path={one.route} />
                          </code>
                        )}
                      </th>
                      <td>{formatNumber(one.requests)}</td>
                      <td>{formatDuration(one.duration_ms_p50)}</td>
                      <td>{formatDuration(one.duration_ms_p95)}</td>
                      <td className={one.errors > 0 ? "table__bad" : undefined}>{formatPercent(one.error_rate)}</td>
                      <td>{formatBytes(one.bytes_out)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scrolled>
          )}
        </div>
      )}
    </section>
  );
}

/** Breaks between its parts where it is too long. */
function Route({ path }: { path: string }) {
  return path.split(/(?=\/)/u).map((part, index) => (
    <Fragment key={`${part} ${index}`}>
      {index === 0 ? null : <wbr />}
      {part}
    </Fragment>
  ));
}

function sum(points: Traffic["points"], field: Exclude<keyof Traffic["points"][number], "at">): number {
  return points.reduce((before, point) => before + point[field], 0);
}

function formatPercent(part: number): string {
  return strings.traffic.percent(formatNumber(Math.round(part * 1000) / 10));
}
