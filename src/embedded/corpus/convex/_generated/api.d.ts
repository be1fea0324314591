import type { ApiFromModules, FilterApi, FunctionReference } from "convex/server";
import type * as crons from "../crons.js";
import type * as events from "../events.js";
import type * as files from "../files.js";
import type * as folder_deep from "../folder/deep.js";
import type * as http from "../http.js";
import type * as items from "../items.js";
import type * as ledger from "../ledger.js";
import type * as node from "../node.js";
import type * as numbers from "../numbers.js";
import type * as programs from "../programs.js";
import type * as runtime from "../runtime.js";

declare const fullApi: ApiFromModules<{
  crons: typeof crons;
  events: typeof events;
  files: typeof files;
  "folder/deep": typeof folder_deep;
  http: typeof http;
  items: typeof items;
  ledger: typeof ledger;
  node: typeof node;
  numbers: typeof numbers;
  programs: typeof programs;
  runtime: typeof runtime;
}>;
export declare const api: FilterApi<typeof fullApi, FunctionReference<any, "public">>;
export declare const internal: FilterApi<typeof fullApi, FunctionReference<any, "internal">>;
