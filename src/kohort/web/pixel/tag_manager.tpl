___TERMS_OF_SERVICE___

By creating or modifying this file you agree to Google Tag Manager's Community
Template Gallery Developer Terms of Service available at
https://developers.google.com/tag-manager/gallery-tos (or such other URL as
Google may provide), as modified from time to time.


___INFO___

{
  "type": "TAG",
  "id": "cvt_temp_public_id",
  "version": 1,
  "securityGroups": [],
  "displayName": "Kohort",
  "brand": {"id": "brand_kohort", "displayName": "Kohort"},
  "description": "Loads Kohort's pixel, or tells it of an event, a person or an order. Waits for consent.",
  "containerContexts": ["WEB"]
}


___TEMPLATE_PARAMETERS___

[
  {
    "type": "SELECT",
    "name": "command",
    "displayName": "What this tag does",
    "simpleValueType": true,
    "defaultValue": "init",
    "selectItems": [
      {"value": "init", "displayValue": "Load the pixel (once, on every page)"},
      {"value": "track", "displayValue": "Tell of an event"},
      {"value": "identify", "displayValue": "Tell who the visitor is"},
      {"value": "addToCart", "displayValue": "Tell of a product put in the cart"},
      {"value": "purchase", "displayValue": "Tell of an order"}
    ]
  },
  {
    "type": "TEXT",
    "name": "host",
    "displayName": "Address of the collector, such as https://collect.example.org",
    "simpleValueType": true,
    "valueValidators": [{"type": "REGEX", "args": ["https?://[^/]+"]}],
    "enablingConditions": [{"paramName": "command", "paramValue": "init", "type": "EQUALS"}]
  },
  {
    "type": "TEXT",
    "name": "key",
    "displayName": "Write key",
    "simpleValueType": true,
    "valueValidators": [{"type": "REGEX", "args": ["wk_.+"]}],
    "enablingConditions": [{"paramName": "command", "paramValue": "init", "type": "EQUALS"}]
  },
  {
    "type": "SELECT",
    "name": "purpose",
    "displayName": "Send nothing before consent to",
    "simpleValueType": true,
    "defaultValue": "analytics_storage",
    "selectItems": [
      {"value": "analytics_storage", "displayValue": "analytics_storage"},
      {"value": "ad_storage", "displayValue": "ad_storage"},
      {"value": "none", "displayValue": "nothing: this site needs no consent to measure"}
    ],
    "enablingConditions": [{"paramName": "command", "paramValue": "init", "type": "EQUALS"}]
  },
  {
    "type": "TEXT",
    "name": "subject",
    "displayName": "Name of the event, or id of the person",
    "simpleValueType": true,
    "valueValidators": [{"type": "NON_EMPTY"}],
    "enablingConditions": [
      {"paramName": "command", "paramValue": "track", "type": "EQUALS"},
      {"paramName": "command", "paramValue": "identify", "type": "EQUALS"}
    ]
  },
  {
    "type": "SIMPLE_TABLE",
    "name": "values",
    "displayName": "Properties of the event, or traits of the person",
    "simpleTableColumns": [
      {"defaultValue": "", "displayName": "Name", "name": "name", "type": "TEXT", "isUnique": true},
      {"defaultValue": "", "displayName": "Value", "name": "value", "type": "TEXT"}
    ]
  }
]


___SANDBOXED_JS_FOR_WEB_TEMPLATE___

const addConsentListener = require('addConsentListener');
const createArgumentsQueue = require('createArgumentsQueue');
const injectScript = require('injectScript');
const isConsentGranted = require('isConsentGranted');
const makeTableMap = require('makeTableMap');

const PURPOSES = ['analytics_storage', 'ad_storage', 'ad_user_data', 'ad_personalization'];
const kohort = createArgumentsQueue('kohort', 'kohort.q');
const values = makeTableMap(data.values || [], 'name', 'value') || {};

const choice = (purpose, granted) => {
  const said = {};
  said[purpose] = granted;
  return said;
};

const load = () => {
  const waits = data.purpose !== 'none';
  kohort('init', {
    key: data.key,
    host: data.host,
    consent: waits ? 'wait' : 'none',
    purpose: waits ? data.purpose : 'analytics_storage'
  });
  PURPOSES.forEach((purpose) => {
    // What is not granted yet is undecided: the visitor may still be looking at the question.
    if (waits && isConsentGranted(purpose)) kohort('consent', choice(purpose, true));
    addConsentListener(purpose, (changed, granted) => kohort('consent', choice(changed, granted)));
  });
  injectScript(data.host + '/kohort.js', data.gtmOnSuccess, data.gtmOnFailure, 'kohort');
};

if (data.command === 'init') {
  load();
} else {
  if (data.command === 'track' || data.command === 'identify') kohort(data.command, data.subject, values);
  else kohort(data.command, values);
  data.gtmOnSuccess();
}


___WEB_PERMISSIONS___

[
  {
    "instance": {
      "key": {"publicId": "access_globals", "versionId": "1"},
      "param": [
        {
          "key": "keys",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 3,
                "mapKey": [
                  {"type": 1, "string": "key"},
                  {"type": 1, "string": "read"},
                  {"type": 1, "string": "write"},
                  {"type": 1, "string": "execute"}
                ],
                "mapValue": [
                  {"type": 1, "string": "kohort"},
                  {"type": 8, "boolean": true},
                  {"type": 8, "boolean": true},
                  {"type": 8, "boolean": true}
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {"type": 1, "string": "key"},
                  {"type": 1, "string": "read"},
                  {"type": 1, "string": "write"},
                  {"type": 1, "string": "execute"}
                ],
                "mapValue": [
                  {"type": 1, "string": "kohort.q"},
                  {"type": 8, "boolean": true},
                  {"type": 8, "boolean": true},
                  {"type": 8, "boolean": false}
                ]
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {"isEditedByUser": true},
    "isRequired": true
  },
  {
    "instance": {
      "key": {"publicId": "inject_script", "versionId": "1"},
      "param": [
        {
          "key": "urls",
          "value": {
            "type": 2,
            "listItem": [
              {"type": 1, "string": "https://*/kohort.js"},
              {"type": 1, "string": "http://localhost/kohort.js"}
            ]
          }
        }
      ]
    },
    "clientAnnotations": {"isEditedByUser": true},
    "isRequired": true
  },
  {
    "instance": {
      "key": {"publicId": "access_consent", "versionId": "1"},
      "param": [
        {
          "key": "consentTypes",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 3,
                "mapKey": [
                  {"type": 1, "string": "consentType"},
                  {"type": 1, "string": "read"},
                  {"type": 1, "string": "write"}
                ],
                "mapValue": [
                  {"type": 1, "string": "analytics_storage"},
                  {"type": 8, "boolean": true},
                  {"type": 8, "boolean": false}
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {"type": 1, "string": "consentType"},
                  {"type": 1, "string": "read"},
                  {"type": 1, "string": "write"}
                ],
                "mapValue": [
                  {"type": 1, "string": "ad_storage"},
                  {"type": 8, "boolean": true},
                  {"type": 8, "boolean": false}
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {"type": 1, "string": "consentType"},
                  {"type": 1, "string": "read"},
                  {"type": 1, "string": "write"}
                ],
                "mapValue": [
                  {"type": 1, "string": "ad_user_data"},
                  {"type": 8, "boolean": true},
                  {"type": 8, "boolean": false}
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {"type": 1, "string": "consentType"},
                  {"type": 1, "string": "read"},
                  {"type": 1, "string": "write"}
                ],
                "mapValue": [
                  {"type": 1, "string": "ad_personalization"},
                  {"type": 8, "boolean": true},
                  {"type": 8, "boolean": false}
                ]
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {"isEditedByUser": true},
    "isRequired": true
  }
]


___TESTS___

scenarios:
- name: Loads the pixel from the collector, and waits for consent
  code: |-
    const queued = [];
    mock('createArgumentsQueue', () => (command, given) => queued.push([command, given]));
    mock('isConsentGranted', () => false);
    mock('addConsentListener', () => {});
    mock('injectScript', (url, onSuccess) => onSuccess());
    runCode({command: 'init', host: 'https://collect.example.org', key: 'wk_1', purpose: 'analytics_storage'});
    assertApi('injectScript').wasCalled();
    assertApi('gtmOnSuccess').wasCalled();
    assertThat(queued.length).isEqualTo(1);
    assertThat(queued[0][1].consent).isEqualTo('wait');
- name: Hands on consent that was given before, and consent that changes
  code: |-
    const queued = [];
    const listeners = {};
    mock('createArgumentsQueue', () => (command, given) => queued.push([command, given]));
    mock('isConsentGranted', (purpose) => purpose === 'ad_storage');
    mock('addConsentListener', (purpose, listener) => { listeners[purpose] = listener; });
    mock('injectScript', (url, onSuccess) => onSuccess());
    runCode({command: 'init', host: 'https://collect.example.org', key: 'wk_1', purpose: 'analytics_storage'});
    listeners.analytics_storage('analytics_storage', true);
    assertThat(queued[1]).isEqualTo(['consent', {ad_storage: true}]);
    assertThat(queued[2]).isEqualTo(['consent', {analytics_storage: true}]);
- name: Tells of an event with its properties
  code: |-
    const queued = [];
    mock('createArgumentsQueue', () => (command, name, given) => queued.push([command, name, given]));
    runCode({command: 'track', subject: 'Signed Up', values: [{name: 'plan', value: 'gold'}]});
    assertThat(queued).isEqualTo([['track', 'Signed Up', {plan: 'gold'}]]);
    assertApi('gtmOnSuccess').wasCalled();
    assertApi('injectScript').wasNotCalled();
- name: Says that it failed where the pixel cannot be loaded
  code: |-
    mock('isConsentGranted', () => false);
    mock('addConsentListener', () => {});
    mock('injectScript', (url, onSuccess, onFailure) => onFailure());
    runCode({command: 'init', host: 'https://collect.example.org', key: 'wk_1', purpose: 'none'});
    assertApi('gtmOnFailure').wasCalled();
    assertApi('gtmOnSuccess').wasNotCalled();


___NOTES___

The tag that loads the pixel belongs on Consent Initialization or All Pages; the others on the events that they tell of.
