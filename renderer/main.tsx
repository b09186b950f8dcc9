import "./nonce.ts";
import { openConnection } from "./ipc/open-connection.ts";
import { start } from "./start.tsx";

start(openConnection());
