/* eslint-disable */
/**
 * Generated `api` utility.
 *
 * THIS CODE IS AUTOMATICALLY GENERATED.
 *
 * To regenerate, run `npx convex dev`.
 * @module
 */

import type * as account from "../account.js";
import type * as apiKeys from "../apiKeys.js";
import type * as audit from "../audit.js";
import type * as auth_adapter from "../auth/adapter.js";
import type * as auth_auditPlugin from "../auth/auditPlugin.js";
import type * as auth_entry from "../auth/entry.js";
import type * as auth_handler from "../auth/handler.js";
import type * as auth_keys from "../auth/keys.js";
import type * as auth_letters from "../auth/letters.js";
import type * as auth_mail from "../auth/mail.js";
import type * as auth_names from "../auth/names.js";
import type * as auth_options from "../auth/options.js";
import type * as auth_registration from "../auth/registration.js";
import type * as auth_secondFactor from "../auth/secondFactor.js";
import type * as auth_settings from "../auth/settings.js";
import type * as auth_setup from "../auth/setup.js";
import type * as auth_signingKeys from "../auth/signingKeys.js";
import type * as auth_store from "../auth/store.js";
import type * as auth_storeFunctions from "../auth/storeFunctions.js";
import type * as auth_tables from "../auth/tables.js";
import type * as auth_where from "../auth/where.js";
import type * as connectionRecords from "../connectionRecords.js";
import type * as connectionStore from "../connectionStore.js";
import type * as connections from "../connections.js";
import type * as crons from "../crons.js";
import type * as danger from "../danger.js";
import type * as dashboards from "../dashboards.js";
import type * as http from "../http.js";
import type * as http_answers from "../http/answers.js";
import type * as http_api from "../http/api.js";
import type * as integrations_github from "../integrations/github.js";
import type * as integrations_githubApi from "../integrations/githubApi.js";
import type * as integrations_githubLevels from "../integrations/githubLevels.js";
import type * as integrations_githubLists from "../integrations/githubLists.js";
import type * as integrations_githubReaders from "../integrations/githubReaders.js";
import type * as integrations_githubStars from "../integrations/githubStars.js";
import type * as integrations_google_analytics from "../integrations/google-analytics.js";
import type * as integrations_googleAnalyticsAdmin from "../integrations/googleAnalyticsAdmin.js";
import type * as integrations_googleAnalyticsApi from "../integrations/googleAnalyticsApi.js";
import type * as integrations_googleAnalyticsData from "../integrations/googleAnalyticsData.js";
import type * as integrations_googleAnalyticsQuota from "../integrations/googleAnalyticsQuota.js";
import type * as integrations_numberSet from "../integrations/numberSet.js";
import type * as integrations_prometheus from "../integrations/prometheus.js";
import type * as integrations_prometheusApi from "../integrations/prometheusApi.js";
import type * as integrations_sample from "../integrations/sample.js";
import type * as integrations_steps from "../integrations/steps.js";
import type * as integrations_stripe from "../integrations/stripe.js";
import type * as integrations_stripeApi from "../integrations/stripeApi.js";
import type * as integrations_stripeDays from "../integrations/stripeDays.js";
import type * as integrations_stripeEvents from "../integrations/stripeEvents.js";
import type * as integrations_stripeLevels from "../integrations/stripeLevels.js";
import type * as integrations_stripeMoney from "../integrations/stripeMoney.js";
import type * as integrations_stripeMrr from "../integrations/stripeMrr.js";
import type * as integrations_stripePermissions from "../integrations/stripePermissions.js";
import type * as invitations from "../invitations.js";
import type * as keys from "../keys.js";
import type * as lib_access from "../lib/access.js";
import type * as lib_accessValidators from "../lib/accessValidators.js";
import type * as lib_address from "../lib/address.js";
import type * as lib_apiToken from "../lib/apiToken.js";
import type * as lib_audit from "../lib/audit.js";
import type * as lib_authorize from "../lib/authorize.js";
import type * as lib_client from "../lib/client.js";
import type * as lib_connect from "../lib/connect.js";
import type * as lib_connectionState from "../lib/connectionState.js";
import type * as lib_contract from "../lib/contract.js";
import type * as lib_coverage from "../lib/coverage.js";
import type * as lib_crypto from "../lib/crypto.js";
import type * as lib_disconnect from "../lib/disconnect.js";
import type * as lib_errors from "../lib/errors.js";
import type * as lib_failure from "../lib/failure.js";
import type * as lib_form from "../lib/form.js";
import type * as lib_http from "../lib/http.js";
import type * as lib_integrationConfig from "../lib/integrationConfig.js";
import type * as lib_integrationOf from "../lib/integrationOf.js";
import type * as lib_json from "../lib/json.js";
import type * as lib_keyRing from "../lib/keyRing.js";
import type * as lib_oauth from "../lib/oauth.js";
import type * as lib_outcome from "../lib/outcome.js";
import type * as lib_paging from "../lib/paging.js";
import type * as lib_parse from "../lib/parse.js";
import type * as lib_plan from "../lib/plan.js";
import type * as lib_pointStore from "../lib/pointStore.js";
import type * as lib_points from "../lib/points.js";
import type * as lib_quota from "../lib/quota.js";
import type * as lib_recentDays from "../lib/recentDays.js";
import type * as lib_redact from "../lib/redact.js";
import type * as lib_retry from "../lib/retry.js";
import type * as lib_retryPolicy from "../lib/retryPolicy.js";
import type * as lib_runs from "../lib/runs.js";
import type * as lib_sentences from "../lib/sentences.js";
import type * as lib_seriesReader from "../lib/seriesReader.js";
import type * as lib_summary from "../lib/summary.js";
import type * as lib_tokens from "../lib/tokens.js";
import type * as lib_validators from "../lib/validators.js";
import type * as lib_viewer from "../lib/viewer.js";
import type * as lib_windows from "../lib/windows.js";
import type * as members from "../members.js";
import type * as membership from "../membership.js";
import type * as metricLibrary from "../metricLibrary.js";
import type * as metrics from "../metrics.js";
import type * as oauth from "../oauth.js";
import type * as oauthApps from "../oauthApps.js";
import type * as oauthStore from "../oauthStore.js";
import type * as oauthTokens from "../oauthTokens.js";
import type * as schedule from "../schedule.js";
import type * as sealedRows from "../sealedRows.js";
import type * as sessions from "../sessions.js";
import type * as signInMethods from "../signInMethods.js";
import type * as slices from "../slices.js";
import type * as syncRuns from "../syncRuns.js";
import type * as viewer from "../viewer.js";
import type * as workspaces from "../workspaces.js";

import type {
  ApiFromModules,
  FilterApi,
  FunctionReference,
} from "convex/server";

declare const fullApi: ApiFromModules<{
  account: typeof account;
  apiKeys: typeof apiKeys;
  audit: typeof audit;
  "auth/adapter": typeof auth_adapter;
  "auth/auditPlugin": typeof auth_auditPlugin;
  "auth/entry": typeof auth_entry;
  "auth/handler": typeof auth_handler;
  "auth/keys": typeof auth_keys;
  "auth/letters": typeof auth_letters;
  "auth/mail": typeof auth_mail;
  "auth/names": typeof auth_names;
  "auth/options": typeof auth_options;
  "auth/registration": typeof auth_registration;
  "auth/secondFactor": typeof auth_secondFactor;
  "auth/settings": typeof auth_settings;
  "auth/setup": typeof auth_setup;
  "auth/signingKeys": typeof auth_signingKeys;
  "auth/store": typeof auth_store;
  "auth/storeFunctions": typeof auth_storeFunctions;
  "auth/tables": typeof auth_tables;
  "auth/where": typeof auth_where;
  connectionRecords: typeof connectionRecords;
  connectionStore: typeof connectionStore;
  connections: typeof connections;
  crons: typeof crons;
  danger: typeof danger;
  dashboards: typeof dashboards;
  http: typeof http;
  "http/answers": typeof http_answers;
  "http/api": typeof http_api;
  "integrations/github": typeof integrations_github;
  "integrations/githubApi": typeof integrations_githubApi;
  "integrations/githubLevels": typeof integrations_githubLevels;
  "integrations/githubLists": typeof integrations_githubLists;
  "integrations/githubReaders": typeof integrations_githubReaders;
  "integrations/githubStars": typeof integrations_githubStars;
  "integrations/google-analytics": typeof integrations_google_analytics;
  "integrations/googleAnalyticsAdmin": typeof integrations_googleAnalyticsAdmin;
  "integrations/googleAnalyticsApi": typeof integrations_googleAnalyticsApi;
  "integrations/googleAnalyticsData": typeof integrations_googleAnalyticsData;
  "integrations/googleAnalyticsQuota": typeof integrations_googleAnalyticsQuota;
  "integrations/numberSet": typeof integrations_numberSet;
  "integrations/prometheus": typeof integrations_prometheus;
  "integrations/prometheusApi": typeof integrations_prometheusApi;
  "integrations/sample": typeof integrations_sample;
  "integrations/steps": typeof integrations_steps;
  "integrations/stripe": typeof integrations_stripe;
  "integrations/stripeApi": typeof integrations_stripeApi;
  "integrations/stripeDays": typeof integrations_stripeDays;
  "integrations/stripeEvents": typeof integrations_stripeEvents;
  "integrations/stripeLevels": typeof integrations_stripeLevels;
  "integrations/stripeMoney": typeof integrations_stripeMoney;
  "integrations/stripeMrr": typeof integrations_stripeMrr;
  "integrations/stripePermissions": typeof integrations_stripePermissions;
  invitations: typeof invitations;
  keys: typeof keys;
  "lib/access": typeof lib_access;
  "lib/accessValidators": typeof lib_accessValidators;
  "lib/address": typeof lib_address;
  "lib/apiToken": typeof lib_apiToken;
  "lib/audit": typeof lib_audit;
  "lib/authorize": typeof lib_authorize;
  "lib/client": typeof lib_client;
  "lib/connect": typeof lib_connect;
  "lib/connectionState": typeof lib_connectionState;
  "lib/contract": typeof lib_contract;
  "lib/coverage": typeof lib_coverage;
  "lib/crypto": typeof lib_crypto;
  "lib/disconnect": typeof lib_disconnect;
  "lib/errors": typeof lib_errors;
  "lib/failure": typeof lib_failure;
  "lib/form": typeof lib_form;
  "lib/http": typeof lib_http;
  "lib/integrationConfig": typeof lib_integrationConfig;
  "lib/integrationOf": typeof lib_integrationOf;
  "lib/json": typeof lib_json;
  "lib/keyRing": typeof lib_keyRing;
  "lib/oauth": typeof lib_oauth;
  "lib/outcome": typeof lib_outcome;
  "lib/paging": typeof lib_paging;
  "lib/parse": typeof lib_parse;
  "lib/plan": typeof lib_plan;
  "lib/pointStore": typeof lib_pointStore;
  "lib/points": typeof lib_points;
  "lib/quota": typeof lib_quota;
  "lib/recentDays": typeof lib_recentDays;
  "lib/redact": typeof lib_redact;
  "lib/retry": typeof lib_retry;
  "lib/retryPolicy": typeof lib_retryPolicy;
  "lib/runs": typeof lib_runs;
  "lib/sentences": typeof lib_sentences;
  "lib/seriesReader": typeof lib_seriesReader;
  "lib/summary": typeof lib_summary;
  "lib/tokens": typeof lib_tokens;
  "lib/validators": typeof lib_validators;
  "lib/viewer": typeof lib_viewer;
  "lib/windows": typeof lib_windows;
  members: typeof members;
  membership: typeof membership;
  metricLibrary: typeof metricLibrary;
  metrics: typeof metrics;
  oauth: typeof oauth;
  oauthApps: typeof oauthApps;
  oauthStore: typeof oauthStore;
  oauthTokens: typeof oauthTokens;
  schedule: typeof schedule;
  sealedRows: typeof sealedRows;
  sessions: typeof sessions;
  signInMethods: typeof signInMethods;
  slices: typeof slices;
  syncRuns: typeof syncRuns;
  viewer: typeof viewer;
  workspaces: typeof workspaces;
}>;

/**
 * A utility for referencing Convex functions in your app's public API.
 *
 * Usage:
 * ```js
 * const myFunctionReference = api.myModule.myFunction;
 * ```
 */
export declare const api: FilterApi<
  typeof fullApi,
  FunctionReference<any, "public">
>;

/**
 * A utility for referencing Convex functions in your app's internal API.
 *
 * Usage:
 * ```js
 * const myFunctionReference = internal.myModule.myFunction;
 * ```
 */
export declare const internal: FilterApi<
  typeof fullApi,
  FunctionReference<any, "internal">
>;

export declare const components: {};
