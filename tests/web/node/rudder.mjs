// Sends a person's events with RudderStack's SDK for Node: node rudder.mjs ADDRESS KEY
import {createRequire} from "node:module";
const Rudder = createRequire(process.env.KOHORT_NODE_MODULES + "/")("@rudderstack/rudder-sdk-node");
const [dataPlaneUrl, writeKey] = process.argv.slice(2);
const analytics = new (Rudder.default ?? Rudder)(writeKey, {dataPlaneUrl, flushAt: 3});
const told = (error) => { if (error) { console.error(error); process.exitCode = 1; } };
analytics.identify({userId: "bob", anonymousId: "rudder-node", traits: {plan: "tin"}}, told);
analytics.track({userId: "bob", event: "Order Completed", properties: {total: 7}}, told);
analytics.track({anonymousId: "rudder-node", event: "Product Added", properties: {sku: "p2"}}, told);
await analytics.flush(told);
