"""The life of models after training: promoted by a plan, watched for drift, trained again as candidates."""
