// Asks every app from outside, every five minutes, whether it is ready: Flex Consumption has no health check of its own.

@description('Front of the names.')
@minLength(2)
@maxLength(40)
param base string

@description('Azure region.')
@minLength(1)
@maxLength(32)
param location string

@description('Tags of every resource.')
param tags object

@description('Application Insights.')
@minLength(1)
@maxLength(512)
param applicationInsightsId string

@description('Who is told.')
@minLength(1)
@maxLength(512)
param actionGroupId string

@description('The apps\' services, which name the tests.')
@minLength(1)
@maxLength(10)
param services array

@description('Host name of each app, in the order of the services.')
@minLength(1)
@maxLength(10)
param hostNames array

// East Asia, Japan East, Southeast Asia, Australia East, West US.
var places = [
  { Id: 'apac-hk-hkn-azr' }
  { Id: 'apac-jp-kaw-edge' }
  { Id: 'apac-sg-sin-azr' }
  { Id: 'emea-au-syd-edge' }
  { Id: 'us-ca-sjc-azr' }
]

resource probe 'Microsoft.Insights/webtests@2022-06-15' = [
  for (service, i) in services: {
    name: 'test-${base}-${service}-ready'
    location: location
    // The portal shows the test with Application Insights by this tag.
    tags: union(tags, { 'hidden-link:${applicationInsightsId}': 'Resource' })
    kind: 'standard'
    properties: {
      SyntheticMonitorId: 'test-${base}-${service}-ready'
      Name: '${base} ${service} ready'
      Description: 'Everything that the app depends on can be reached.'
      Enabled: true
      Kind: 'standard'
      Frequency: 300
      Timeout: 30
      RetryEnabled: true
      Locations: places
      Request: {
        RequestUrl: 'https://${hostNames[i]}/api/ready'
        HttpVerb: 'GET'
        FollowRedirects: false
        ParseDependentRequests: false
      }
      ValidationRules: {
        ExpectedHttpStatusCode: 200
        SSLCheck: true
        SSLCertRemainingLifetimeCheck: 7
      }
    }
  }
]

resource alert 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for (service, i) in services: {
    name: 'alert-${base}-${service}-availability'
    location: 'global'
    tags: union(tags, {
      'hidden-link:${applicationInsightsId}': 'Resource'
      'hidden-link:${probe[i].id}': 'Resource'
    })
    properties: {
      description: '${service} is not ready, seen from two places or more.'
      severity: 0
      enabled: true
      scopes: [probe[i].id, applicationInsightsId]
      evaluationFrequency: 'PT1M'
      windowSize: 'PT5M'
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
        webTestId: probe[i].id
        componentId: applicationInsightsId
        failedLocationCount: 2
      }
      actions: [{ actionGroupId: actionGroupId }]
    }
  }
]
