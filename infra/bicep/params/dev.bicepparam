// For trying things out: one app, tables in the storage account, nothing that costs while idle.
using '../main.bicep'

param environmentName = 'dev'
param location = readEnvironmentVariable('LOCATION', '')
param tags = { costCentre: 'development' }

param topology = 'singleApp'
param network = 'none'
param messagingSku = 'Standard'
param maximumInstanceCount = 40
param logLevel = 'debug'
param logDailyCapGb = 1

param tokenIssuer = readEnvironmentVariable('TOKEN_ISSUER')
param tokenAudience = readEnvironmentVariable('TOKEN_AUDIENCE')
param tokenJwksUrl = readEnvironmentVariable('TOKEN_JWKS_URL')
param backlogAlertMessages = 10
param tossSecretKey = readEnvironmentVariable('TOSS_SECRET_KEY', '')
param tossClientKey = readEnvironmentVariable('TOSS_CLIENT_KEY', '')
param webClientId = readEnvironmentVariable('WEB_CLIENT_ID', '')
param webScope = readEnvironmentVariable('WEB_SCOPE', '')

param alertEmail = readEnvironmentVariable('ALERT_EMAIL', '')
param budgetAmount = 50
param budgetStartDate = readEnvironmentVariable('BUDGET_START_DATE', '')
param operatorPrincipalId = readEnvironmentVariable('OPERATOR_PRINCIPAL_ID', '')
param deployerPrincipalId = readEnvironmentVariable('DEPLOYER_PRINCIPAL_ID', '')
