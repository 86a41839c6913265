// For customers: an app per service, private endpoints, zones, instances that are always there.
using '../main.bicep'

param environmentName = 'prod'
param location = readEnvironmentVariable('LOCATION', '')
param tags = { costCentre: 'billing' }

param topology = 'perService'
param network = 'private'
param messagingSku = 'Premium'
param messagingUnits = 1
param scaleOnBacklog = true
param storageReplication = 'ZRS'
param zoneRedundant = true
param documentRetentionDays = 90

param buckets = 256
param maximumInstanceCount = 200
// An update in batches leaves an instance answering when there are two or more. It is a preview of the platform; without
// it, an update ends the requests that are under way.
param updateStrategy = 'RollingUpdate'
// In each of the five apps.
param alwaysReadyHttp = 2

param tokenIssuer = readEnvironmentVariable('TOKEN_ISSUER')
param tokenAudience = readEnvironmentVariable('TOKEN_AUDIENCE')
param tokenJwksUrl = readEnvironmentVariable('TOKEN_JWKS_URL')
param tossSecretKey = readEnvironmentVariable('TOSS_SECRET_KEY', '')
param tossClientKey = readEnvironmentVariable('TOSS_CLIENT_KEY', '')
param webClientId = readEnvironmentVariable('WEB_CLIENT_ID', '')
param webScope = readEnvironmentVariable('WEB_SCOPE', '')

param logLevel = 'info'
param logRetentionDays = 90
param logDailyCapGb = 50
param latencyAlertMs = 500

param alertEmail = readEnvironmentVariable('ALERT_EMAIL', '')
param budgetAmount = 3000
param budgetStartDate = readEnvironmentVariable('BUDGET_START_DATE', '')
param operatorPrincipalId = readEnvironmentVariable('OPERATOR_PRINCIPAL_ID', '')
param deployerPrincipalId = readEnvironmentVariable('DEPLOYER_PRINCIPAL_ID', '')
