import { isServerUp, type ServerStatus } from "#shared/schema/server.ts";
import { formatAgo, formatBytes, formatClock, formatCount, formatPercent } from "../ui/format.ts";
import { useNow } from "../ui/now.ts";
import { serverLook } from "../ui/state.ts";
import { StateMark } from "../ui/state-mark.tsx";
import { Uptime } from "./cells.tsx";
import { Absent, Fact, Facts } from "./fact.tsx";

/** What is known about a server, a line each. `at`: when it was said, in ms since the epoch. */
export function ServerFacts({ server, at }: { server: ServerStatus; at: number }) {
  const adopted = server.ownership === "adopted";
  return (
    <Facts>
      <Fact name="State">
        <StateMark look={serverLook(server.state)} />
        <span className="ml-2 text-muted tabular-nums">
          {server.since !== null && `since ${formatClock(Date.parse(server.since))}`}
          {server.uptimeMs !== null && (
            <>
              {server.since !== null && " · "}up for <Uptime ms={server.uptimeMs} at={at} />
            </>
          )}
        </span>
      </Fact>
      {server.url && (
        <Fact name="Address">
          <code className="font-mono text-sm break-all select-all">{server.url}</code>
        </Fact>
      )}
      {server.version && (
        <Fact name="Version">
          <span className="tabular-nums">
            {server.version}
            {server.protocol !== null && <span className="text-muted"> · protocol {server.protocol}</span>}
          </span>
        </Fact>
      )}
      <Fact name="Owner">
        {adopted ? (
          <>
            Somebody else <span className="text-muted">· adopted; Deckhand never ends it</span>
          </>
        ) : (
          "Deckhand"
        )}
      </Fact>
      <Fact name="Process">
        <span className="tabular-nums">
          {server.pid === null ? <Absent /> : `pid ${server.pid}`}
          {server.generation > 0 && <span className="text-muted"> · generation {server.generation}</span>}
        </span>
      </Fact>
      {server.startupMs !== null && (
        <Fact name="Startup">
          <span className="tabular-nums">ready after {(server.startupMs / 1_000).toFixed(1)} s</span>
        </Fact>
      )}
      <Fact name="Restarts">
        <span className="tabular-nums">{server.restarts}</span>
      </Fact>
      {server.memoryBytes !== null && (
        <Fact name="Memory">
          <span className="tabular-nums" title="Of the server and everything it started">
            {formatBytes(server.memoryBytes)}
            {server.cpuPercent !== null && ` · ${formatPercent(server.cpuPercent)} CPU`}
          </span>
        </Fact>
      )}
      {isServerUp(server.state) && (
        <Fact name="Events">
          <Events server={server} short />
        </Fact>
      )}
    </Facts>
  );
}

/** How many there were, how many there are now, and how long ago the last one was. */
export function Events({ server, short = false }: { server: ServerStatus; short?: boolean }) {
  const now = useNow();
  const last = server.lastEventAt === null ? null : formatAgo(now - Date.parse(server.lastEventAt));
  const facts = [
    `${formatCount(server.events)}${short ? "" : server.events === 1 ? " event" : " events"}`,
    server.eventsPerSecond > 0 &&
      `${server.eventsPerSecond < 10 ? server.eventsPerSecond.toFixed(1) : formatCount(Math.round(server.eventsPerSecond))}/s`,
    last !== null && (last === "now" ? "last just now" : `last ${last} ago`),
  ];
  return <span className="tabular-nums">{facts.filter(Boolean).join(" · ")}</span>;
}
